// describe_plugin FILE.so SETTINGS: what the conformance kit finds, and the plugin's name and version.
#include <iostream>

#include "core/connector/check.hpp"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: describe_plugin FILE.so SETTINGS\n";
    return 2;
  }
  try {
    const auto check = curfew::connector::check_plugin(argv[1], argv[2]);
    for (const auto& fault : check.faults) std::cout << "fault: " << fault << "\n";
    for (const auto& note : check.notes) std::cout << "note: " << note << "\n";
    if (check.plugin) std::cout << check.plugin->name << " " << check.plugin->version << "\n";
    return check.faults.empty() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
