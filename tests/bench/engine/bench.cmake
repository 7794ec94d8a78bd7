curfew_bench(engine engine/engine_bench.cpp LIBRARIES curfew::engine)
