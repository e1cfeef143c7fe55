"""The parts of the simulated TWS; tests use them through `tests.fakes.tws_gateway`. Nothing of the `tws` package."""
