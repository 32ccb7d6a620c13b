"""Where rows land: one SQLite file for each destination, with the saved states beside the rows."""
