// What the headers of a program's file tell about how it is started: for which machine it is, its loader, the
// libraries that it names. Nothing in the file is believed: every count is capped, every offset checked. Pure function
// of the bytes that it is handed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tasks::discovery {

struct ProgramHeaders {
    bool x86_64 = false;                ///< else nothing more is told
    std::string loader;                 ///< PT_INTERP; "": the program is static
    std::vector<std::string> libraries; ///< DT_NEEDED
};

/// Reads exactly that many bytes at that offset of the file; false: they are not there.
using ReadAt = std::function<bool(std::uint64_t offset, void* into, std::size_t bytes)>;

/// Nothing: it is no ELF file, or one whose headers cannot be.
std::optional<ProgramHeaders> read_program_headers(const ReadAt& read);

} // namespace tasks::discovery
