#include "coroutines/source_text.hpp"

#include <sys/stat.h>

#include "coroutines/source_tokens.hpp"
#include "unwind/open_file.hpp"

namespace tasks::inspect {

namespace {

std::optional<std::string> read_text(const std::string& path, std::int64_t built_s) {
    if (!path.starts_with('/'))
        return std::nullopt;
    const auto file = OpenFile::open(path);
    struct stat facts{};
    if (!file || file->size() > largest_source || ::fstat(file->fd(), &facts) != 0 || facts.st_mtime > built_s)
        return std::nullopt;
    std::string text(file->size(), '\0');
    text.resize(file->read_at(0, text.data(), text.size()));
    return text;
}

} // namespace

const std::string* SourceTexts::text(const std::string& path) {
    auto found = kept_.find(path);
    if (found == kept_.end()) {
        if (kept_.size() == most_kept)
            kept_.clear();
        found = kept_.emplace(path, read_text(path, built_s_)).first;
    }
    return found->second ? &*found->second : nullptr;
}

} // namespace tasks::inspect
