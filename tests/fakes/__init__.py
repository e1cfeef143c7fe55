"""Servers on loopback that behave like the real ones, errors included."""
