// The bytes are a program's file.
#include "discovery/program_headers.hpp"

#include <cstring>

#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

void program_headers(const std::uint8_t* data, std::size_t size) {
    const auto program = discovery::read_program_headers([&](std::uint64_t at, void* into, std::size_t bytes) {
        if (at > size || bytes > size - at) {
            return false;
        }
        std::memcpy(into, data + at, bytes);
        return true;
    });
    if (!program) {
        return;
    }
    must(program->x86_64 || (program->loader.empty() && program->libraries.empty()), "of others nothing is told");
    must(program->loader.size() <= 4096, "a path keeps its cap");
    must(program->libraries.size() <= 1024, "libraries keep their cap");
}

} // namespace tasks::fuzz
