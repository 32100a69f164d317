// A small ELF file in memory (memfd), made of named sections: what libdw is given to open by a path where it insists on
// one. Nobody else can change or cut it. Owns its descriptor, close-on-exec.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tasks::inspect {

/// Name and bytes, each followed by zeros in the file, so that a string without its end ends there.
using NamedSections = std::vector<std::pair<std::string, std::string>>;

class MemoryElf {
public:
    /// Empty where the system gives no memory for it.
    static std::optional<MemoryElf> made(const NamedSections& sections);

    MemoryElf(MemoryElf&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    MemoryElf& operator=(MemoryElf&&) = delete;
    ~MemoryElf();

    /// Good for open() in this process: "/proc/self/fd/7".
    std::string path() const;

private:
    explicit MemoryElf(int fd) noexcept : fd_(fd) {}

    int fd_ = -1;
};

} // namespace tasks::inspect
