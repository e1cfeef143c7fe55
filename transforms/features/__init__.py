"""The features layer: tables derived from the clean ones. Contracts: transforms/schemas/features.py."""
