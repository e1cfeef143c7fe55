"""Assets of the features layer: tables derived from the clean ones."""
