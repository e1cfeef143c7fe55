"""The programs a person uses: the `tieout` command and the page. They read published files only."""
