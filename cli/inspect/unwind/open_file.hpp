// A file of the target opened for reading: a regular one, not endless, its fd close-on-exec and closed with its owner.
// Opening never blocks (a FIFO in a file's place would). Movable; one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <tasks/protocol/result.hpp>

namespace tasks::inspect {

class OpenFile {
public:
    /// A browser with full debug information is a file of 4 GiB.
    static constexpr std::uint64_t largest = 8ull << 30;

    /// The failure is the rest of a sentence: "no such file or directory".
    static Result<OpenFile> open(const std::string& path);
    /// The path as the process sees it, through its root directory; symbolic links stay inside that root.
    static Result<OpenFile> open_in_root_of(std::uint32_t pid, const std::string& path);

    /// A descriptor that was opened elsewhere; owned from then on.
    static Result<OpenFile> taken(int fd) { return checked(fd); }

    OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}
    OpenFile& operator=(OpenFile&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~OpenFile();

    int fd() const noexcept { return fd_; }
    std::uint64_t size() const noexcept { return size_; }
    /// How many bytes there are at that offset, at most `count`.
    std::size_t read_at(std::uint64_t offset, void* into, std::size_t count) const;

private:
    explicit OpenFile(int fd) noexcept : fd_(fd) {}
    static Result<OpenFile> checked(int fd);

    int fd_ = -1;
    std::uint64_t size_ = 0;
};

} // namespace tasks::inspect
