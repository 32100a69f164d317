// Whether a process is a C++ program: a C++ library is mapped, or its own file holds the C++ runtime (static programs,
// -static-libstdc++). Of a file only section headers and three sections are read, bounded, by a child with a deadline:
// a file on a file system that hangs must not hold us up. Nothing in the file is believed; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/deadline.hpp"

namespace tasks::discovery {

/// libstdc++ or libc++ stands in the text of /proc/PID/maps.
bool maps_cpp_library(std::string_view maps);

/// The ELF file has C++ symbols, or, stripped of them, the run-time types of the C++ library.
bool holds_cpp_runtime(const std::string& path);

/// holds_cpp_runtime() of each; false where it could not be told in time.
std::vector<bool> hold_cpp_runtime(const std::vector<std::string>& paths, const inspect::Deadline& deadline);

} // namespace tasks::discovery
