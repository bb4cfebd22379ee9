"""What a run will take, by what runs like it took."""
