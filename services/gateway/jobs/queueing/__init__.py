"""Jobs from asked to ended: taken, chosen, started, looked after, told of."""
