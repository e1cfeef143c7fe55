"""Market data kept up to date: what is wanted, asked of vendors, merged, stored. Formats are transforms/market."""
