"""What a mesh keeps, as a whole: moved to other stores, backed up and brought back."""
