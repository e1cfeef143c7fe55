"""Building blocks that pages share: look, numbers, charts, tables, badges. No SQL here."""
