// The files behind a process's mappings, opened through /proc/PID/map_files while we are root: after we gave that up,
// a file that was replaced or deleted since the start could not be had, and an upgrade in place is the usual case.
// Opened only; parsed by whoever has given up being root.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "capture/snapshot.hpp"
#include "unwind/open_file.hpp"

namespace tasks::inspect {

/// By path and build-id, as /proc/PID/maps and the mapped image told them.
using MappedFiles = std::map<std::pair<std::string, std::string>, OpenFile>;

/// What cannot be opened is not in it. At most 400: descriptors are limited.
MappedFiles open_mapped_files(const std::vector<ModuleFacts>& modules, std::uint32_t pid);

/// "/proc/12/map_files/7f00-7f01" of a mapping.
std::string mapping_path(const ModuleFacts& module, std::uint32_t pid);

} // namespace tasks::inspect
