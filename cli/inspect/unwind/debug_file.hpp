// Finds the separate debug file of an ELF file: by build-id below /usr/lib/debug/.build-id, else by .gnu_debuglink,
// here and in the target's root; then from a server, where there are some to be asked. A file counts only when it has
// the same build-id; without one, when its checksum is the link's. No state.
#pragma once

#include <optional>
#include <string>

#include "unwind/debug_servers.hpp"
#include "unwind/elf_image.hpp"

namespace tasks::inspect {

/// Whose root directory and which path the ELF file has.
struct FilePlace {
    std::uint32_t pid = 0; ///< 0: our own root only
    std::string path;
    DebugServers* servers = nullptr; ///< null: none is asked
};

struct FoundFile {
    ElfImage image;
    std::string path;
};

std::optional<FoundFile> find_debug_file(const ElfImage& image, const FilePlace& place);

/// The file that dwz moved common parts of the debug information to, named in .gnu_debugaltlink.
struct SharedDebugFile {
    bool named = false;            ///< the debug information refers to one
    std::optional<FoundFile> file; ///< empty: not found, or not the one meant
};
SharedDebugFile find_shared_debug_file(const ElfImage& debug, const FilePlace& debug_place);

/// As find_debug_file tries them: /usr/lib/debug/.build-id/ab/cdef.debug; "" for a build-id of under 2 bytes.
std::string build_id_path(const std::string& build_id);

} // namespace tasks::inspect
