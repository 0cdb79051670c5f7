"""How much a bath knows of the system: the mutual information of system and bath, enclosed between bounds."""
