"""What the set atlas is made of: facts that babel lacks, and the sentences of each language in a module of its own."""
