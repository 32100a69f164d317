// Split DWARF (-gsplit-dwarf): the program has a skeleton of each unit with its lines; functions and inlined calls are
// in a .dwo file, or in one .dwp beside the program for all. Finds them here and in the target's root, by the unit's
// number, and has libdw join the two. libdw itself would open the path that the skeleton names, whatever is there, and
// knows no .dwp (0.188): it gets a copy in memory instead. One thread at a time.
#pragma once

#include <elfutils/libdw.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "unwind/debug_file.hpp"
#include "unwind/debug_package.hpp"

namespace tasks::inspect {

class SplitUnits {
public:
    /// The program, and the file with the skeletons: it, or its separate debug file. Neither is opened here.
    SplitUnits(FilePlace program, std::string debug_path)
        : program_(std::move(program)), debug_path_(std::move(debug_path)) {}

    /// The unit itself, or what its skeleton stands for; the skeleton where that is not found. `image`: with the
    /// skeletons. Each unit is looked for once: libdw keeps what it was told the first time.
    Dwarf_Die full(Dwarf_Die unit, ElfImage& image);

    /// A sentence about what was not found; "" nothing.
    const std::string& problem() const noexcept { return problem_; }

private:
    struct Wanted {
        std::uint64_t id = 0;
        std::string name;
        std::string directory;
    };

    NamedSections found(const Wanted& wanted);
    NamedSections in_package(std::uint64_t id);
    NamedSections in_own_file(const Wanted& wanted) const;
    void open_packages();

    FilePlace program_;
    std::string debug_path_;
    std::vector<std::unique_ptr<ElfImage>> packages_;
    bool packages_tried_ = false;
    std::string problem_;
};

} // namespace tasks::inspect
