#include "capture/patient_reader.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>

#include "capture/mortal_child.hpp"

namespace tasks::inspect {
namespace {

/// What the child writes before each piece of a file. bytes 0: the file ends here, and was read.
struct PieceHeader {
    std::uint32_t index;
    std::int32_t bytes; ///< negative: it could not be opened or read
};
constexpr std::size_t piece_bytes = 32 * 1024;

bool write_all(int fd, const char* bytes, std::size_t count) {
    while (count != 0) {
        const auto written = ::write(fd, bytes, count);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            bytes += written;
            count -= static_cast<std::size_t>(written);
        }
    }
    return true;
}

/// In the child: system calls only, since the parent may have had threads.
bool send_file(int pipe, std::uint32_t index, const char* path, std::size_t cap) {
    std::array<char, sizeof(PieceHeader) + piece_bytes> piece;
    const int file = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    PieceHeader header{index, file < 0 ? -1 : 0};
    while (file >= 0 && cap != 0) {
        const auto wanted = std::min(cap, piece_bytes);
        const auto count = ::read(file, piece.data() + sizeof header, wanted);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            header.bytes = count < 0 ? -1 : 0;
            break;
        }
        const PieceHeader here{index, static_cast<std::int32_t>(count)};
        std::memcpy(piece.data(), &here, sizeof here);
        if (!write_all(pipe, piece.data(), sizeof here + static_cast<std::size_t>(count))) {
            return false;
        }
        cap -= static_cast<std::size_t>(count);
    }
    if (file >= 0) {
        ::close(file);
    }
    return write_all(pipe, reinterpret_cast<const char*>(&header), sizeof header);
}

Result<PipedChild, int> start_reader(const std::vector<const char*>& paths, std::size_t from, std::size_t cap) {
    return start_child([&](int pipe) {
        for (auto index = from; index < paths.size(); ++index) {
            if (!send_file(pipe, static_cast<std::uint32_t>(index), paths[index], cap)) {
                break;
            }
        }
    });
}

class Gatherer {
public:
    explicit Gatherer(std::size_t files) : contents_(files), done_(files) {}

    /// Takes the bytes in; false: they are not what a child writes.
    void take(const char* bytes, std::size_t count) {
        pending_.append(bytes, count);
        std::size_t at = 0;
        PieceHeader header{};
        while (pending_.size() - at >= sizeof header) {
            std::memcpy(&header, pending_.data() + at, sizeof header);
            const auto length = header.bytes > 0 ? static_cast<std::size_t>(header.bytes) : 0;
            if (pending_.size() - at - sizeof header < length) {
                break;
            }
            piece(header, std::string_view{pending_}.substr(at + sizeof header, length));
            at += sizeof header + length;
        }
        pending_.erase(0, at);
    }

    /// The file that is being read; the number of files: all are done.
    std::size_t current() const noexcept { return current_; }

    /// Gives the current file up.
    void pass_over() {
        pending_.clear();
        ++current_;
    }

    std::vector<std::optional<std::string>> result() {
        for (std::size_t index = 0; index < contents_.size(); ++index) {
            if (!done_[index]) {
                contents_[index].reset();
            }
        }
        return std::move(contents_);
    }

private:
    void piece(const PieceHeader& header, std::string_view bytes) {
        auto& content = contents_[header.index];
        if (header.bytes > 0) {
            (content ? *content : content.emplace()).append(bytes);
            return;
        }
        done_[header.index] = header.bytes == 0;
        if (header.bytes == 0 && !content) {
            content.emplace();
        }
        current_ = header.index + 1;
    }

    std::vector<std::optional<std::string>> contents_;
    std::vector<bool> done_;
    std::string pending_;
    std::size_t current_ = 0;
};

/// Takes in what the child sends until it is done, or sends nothing for too long; true: it is done.
bool gather(const PipedChild& child, Gatherer& gatherer, std::uint64_t patience_ns, const Deadline& deadline) {
    std::array<char, 64 * 1024> buffer;
    for (;;) {
        const auto patience = static_cast<int>((patience_ns + 999'999) / 1'000'000);
        pollfd ready{child.pipe.get(), POLLIN, 0};
        const auto polled = ::poll(&ready, 1, std::min(patience, deadline.left_ms()));
        if (polled < 0 && errno == EINTR) {
            continue;
        }
        if (polled <= 0) {
            return false;
        }
        const auto count = read_some(child.pipe.get(), buffer.data(), buffer.size());
        if (count <= 0) {
            return true;
        }
        gatherer.take(buffer.data(), static_cast<std::size_t>(count));
    }
}

} // namespace

std::vector<std::optional<std::string>> read_patiently(const std::vector<std::string>& paths, std::size_t cap,
                                                       std::uint64_t patience_ns, const Deadline& deadline) {
    std::vector<const char*> names;
    for (const auto& path : paths) {
        names.push_back(path.c_str());
    }
    Gatherer gatherer{paths.size()};
    while (gatherer.current() < paths.size() && !deadline.passed()) {
        const auto child = start_reader(names, gatherer.current(), cap);
        if (!child) {
            break;
        }
        gather(*child, gatherer, patience_ns, deadline);
        end_child(child->pid);
        if (gatherer.current() < paths.size()) {
            gatherer.pass_over();
        }
    }
    return gatherer.result();
}

} // namespace tasks::inspect
