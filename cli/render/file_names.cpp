#include "render/file_names.hpp"

#include "render/clean.hpp"

namespace tasks::render {

FileNames::FileNames(const inspect::StackReport& report) {
    for (const auto& shape : report.shapes) {
        for (const auto& frame : shape.frames) {
            add(frame.file);
        }
        for (const auto* place : {&shape.created_by, &shape.waits_at}) {
            if (*place) {
                add((*place)->file);
            }
        }
    }
    add(report.waits);
}

FileNames::FileNames(const inspect::WaitGraph& waits) { add(waits); }

void FileNames::add(const inspect::WaitGraph& waits) {
    for (const auto& place : waits.places) {
        for (const auto& frame : place.frames) {
            add(frame.file);
        }
    }
}

void FileNames::add(std::string_view path) {
    const auto [known, added] = path_of_.try_emplace(base_name(path), path);
    if (!added && known->second != path) {
        ambiguous_.insert(known->first);
    }
}

std::string FileNames::place(std::string_view path, std::uint32_t line) const {
    const auto base = base_name(path);
    auto text = clean(ambiguous_.contains(base) ? path : base);
    if (line != 0) {
        text.append(":").append(std::to_string(line));
    }
    return text;
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

} // namespace tasks::render
