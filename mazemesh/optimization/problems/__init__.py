"""Problems that come with mazemesh: a cellular network, a recommender, a league's policies."""
