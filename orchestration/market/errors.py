"""What can be wrong with what is asked of market data. Importing it costs nothing."""


class PlanError(Exception):
    """`market.toml` cannot be used, or what is asked for cannot stand in it; the message names place and fix."""


class ImportFileError(PlanError):
    """A file cannot be imported; the message names it and says why."""
