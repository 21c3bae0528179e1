GCOV_PROFILE=$(if $(filter mm/damon,$(obj)),y)
