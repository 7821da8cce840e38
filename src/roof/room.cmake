# The built-in chip database.
gable_embed(libgable gable_chips_yaml ${CMAKE_SOURCE_DIR}/data/chips.yaml)
