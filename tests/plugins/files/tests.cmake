curfew_tests(plugins files curfew_files)
