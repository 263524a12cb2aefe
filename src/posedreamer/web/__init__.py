"""What a person looks at: the report page of a data set, and its text for a terminal."""
