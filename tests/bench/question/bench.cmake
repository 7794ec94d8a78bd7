curfew_bench(question question/question_bench.cpp LIBRARIES curfew::engine)
