"""What the machine and the user decide: settings and the data folder. A leaf: it imports none of our packages."""
