"""How Tieout runs in containers: what docker-compose.yml mounts and starts, and its check. No logic of the books."""
