"""Workers: what they were leased, whose results cannot be believed, and who is given none."""
