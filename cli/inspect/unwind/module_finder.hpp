// Finds the file behind one mapping of the target: by its path in the target's root, by the mapping itself
// (/proc/PID/map_files, which needs privileges but has deleted and replaced files too), by /proc/PID/exe, and the vdso
// in our own memory. The build-id decides; a file with another one is refused. No state.
#pragma once

#include <memory>
#include <string>

#include <tasks/protocol/result.hpp>

#include "capture/snapshot.hpp"
#include "unwind/debug_servers.hpp"
#include "unwind/elf_module.hpp"
#include "unwind/mapped_files.hpp"

namespace tasks::inspect {

/// The failure is a sentence that names the file, the cause and the way out.
/// `mapped`: files that were opened before we gave up being root; the one of this module is taken out where it is used.
/// `servers`: to be asked for debug files, by the module too.
Result<std::unique_ptr<ElfModule>> find_module(const ModuleFacts& module, std::uint32_t pid,
                                               MappedFiles* mapped = nullptr, DebugServers* servers = nullptr);

} // namespace tasks::inspect
