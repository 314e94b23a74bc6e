"""Archives of photos: the command line `semblance`, from one picture to millions."""
