"""Statements that the broker offers for download as CSV. Flex documents are in transforms/flex."""
