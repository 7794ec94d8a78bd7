#include "core/app/command_line.hpp"

int main(int argc, char** argv) { return curfew::app::run(argc, argv); }
