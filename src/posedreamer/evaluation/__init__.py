"""How good a generator is, over a set of its pictures: distances between sets, obedience to captions, intervals."""
