"""Documents of what TWS told: recognising and reading them. Connecting to TWS is the package `tws`."""
