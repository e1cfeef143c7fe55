"""The check of the containers without a container engine: rules that the files keep, and each command run outside."""
