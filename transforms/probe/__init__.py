"""What a Flex document must hold for the books, and what one lacks or has in the wrong format. No files."""
