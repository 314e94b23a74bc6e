"""Where the networks come from: data packs, architectures, training, evaluation, export."""
