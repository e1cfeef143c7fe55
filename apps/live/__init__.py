"""The live feed: a process that keeps what TWS streams in the state store, and hands fills to the inbox. No figures."""
