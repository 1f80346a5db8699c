print("theirs too")
