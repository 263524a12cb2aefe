"""Label sources: the pose prior, AMASS and BVH motion, mixtures, recombinations."""
