// A Sink that writes to a file descriptor, 64 KiB at a time. Borrows the fd.
#pragma once

#include <string>

#include "render/render.hpp"

namespace tasks::commands {

/// Thrown where nobody reads any more (EPIPE), so that a long report ends at once.
struct OutputClosed {};
/// Thrown where the output cannot be written for another reason.
struct OutputFailed {
    int error = 0;
};

class OutputFile final : public render::Sink {
public:
    explicit OutputFile(int fd) : fd_(fd) {}

    void write(std::string_view bytes) override;
    /// Writes what is left. To be called at the end; the destructor does not, since it cannot tell of a failure.
    void finish();

private:
    int fd_;
    std::string pending_;
};

} // namespace tasks::commands
