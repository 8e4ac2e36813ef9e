"""A back office with thirty tools in five domains, named and documented as such tools are in the wild."""
