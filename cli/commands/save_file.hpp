// A file that --save writes: mode 0600, under a temporary name beside it, renamed when it is whole, never over a
// symbolic link. A child process holds the directory and does the rename, as the user that we are at the start, since
// the target's files are read after giving up being root; where we end before, also by a signal, it removes the
// temporary file. "-" is standard output. Movable; one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <tasks/protocol/result.hpp>

#include "error.hpp"

namespace tasks::commands {

class SaveFile {
public:
    static Result<SaveFile, inspect::Error> begin(const std::string& path);
    SaveFile(SaveFile&&) noexcept;
    SaveFile& operator=(SaveFile&&) noexcept;
    ~SaveFile();

    /// False: it cannot be written; finish() tells why.
    bool write(std::string_view bytes);

    /// Gives the file its name.
    Result<bool, inspect::Error> finish();

private:
    struct State;
    explicit SaveFile(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace tasks::commands
