"""The registrar: who may ask and who may issue, and by whose word; certificates, lists, and a register for all to see."""
