"""Commands of what was published: listed, shown, put in, taken out, asked."""
