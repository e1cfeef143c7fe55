"""PortfolioAnalyst CSV: bytes to rows of text. Typing them is transforms/clean; no other document belongs here."""
