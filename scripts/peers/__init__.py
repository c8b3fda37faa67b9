"""What scripts/compare is made of: the clients, how they are run, and what is told of them."""
