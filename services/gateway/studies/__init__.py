"""Results of searches: trials of `mazemesh tune`, fronts of `mazemesh optimize`."""
