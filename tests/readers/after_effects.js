// Runs a script as After Effects would, and prints what it made: `node after_effects.js FILE.jsx`.
// Properties refuse what After Effects refuses: falling times, values that are no numbers, keys
// that are not there.

"use strict";
const fs = require("fs");
const vm = require("vm");

const HOLD = 6614, LINEAR = 6612;

class Property {
    constructor(name, size) { this.name = name; this.size = size; this.keys = []; }
    get numKeys() { return this.keys.length; }
    setValueAtTime(time, value) { this.setValuesAtTimes([time], [value]); }
    setValuesAtTimes(times, values) {
        if (times.length !== values.length) throw new Error("as many times as values");
        times.forEach((time, i) => {
            const value = [].concat(values[i]);
            if (value.length !== this.size) throw new Error(`${this.name} has ${this.size} numbers`);
            if (![time, ...value].every(Number.isFinite)) throw new Error("no number");
            const last = this.keys[this.keys.length - 1];
            if (last && time < last.time) throw new Error("the mock knows rising times only");
            if (last && time === last.time) this.keys.pop();
            this.keys.push({ time, value: values[i], inType: LINEAR, outType: LINEAR });
        });
    }
    setInterpolationTypeAtKey(index, inType, outType) {
        const key = this.keys[index - 1];
        if (!key) throw new Error(`no key ${index}`);
        Object.assign(key, { inType, outType: outType === undefined ? inType : outType });
    }
}

class Layer {
    constructor(comp) {
        this.comp = comp;
        this.transform = {
            "ADBE Position": new Property("position", 2), "ADBE Opacity": new Property("opacity", 1),
        };
    }
    property(name) {
        if (name !== "ADBE Transform Group") throw new Error(name);
        return { property: (inner) => this.transform[inner] || null };
    }
    moveToEnd() {
        const all = this.comp.all;
        all.push(...all.splice(all.indexOf(this), 1));
    }
}

const made = { comps: [], undo: [], opened: 0 };
const app = {
    beginUndoGroup(name) { made.undo.push(`begin ${name}`); },
    endUndoGroup() { made.undo.push("end"); },
    project: {
        items: {
            addComp(name, width, height, pixelAspect, duration, frameRate) {
                if (!(duration > 0 && duration <= 10800)) throw new Error("duration");
                if (!(frameRate >= 1 && frameRate <= 99)) throw new Error("frameRate");
                const comp = { name, width, height, pixelAspect, duration, frameRate, all: [] };
                comp.layers = {
                    addNull() { comp.all.unshift(new Layer(comp)); return comp.all[0]; },
                };
                comp.openInViewer = () => { made.opened += 1; };
                made.comps.push(comp);
                return comp;
            },
        },
    },
};

const world = vm.createContext({ app, KeyframeInterpolationType: { HOLD, LINEAR } });
vm.runInContext(fs.readFileSync(process.argv[2], "ascii"), world);
const keys = (property) => property.keys.map((key) => ({
    time: key.time, value: key.value, holds: key.outType === HOLD,
}));
console.log(JSON.stringify({
    undo: made.undo,
    opened: made.opened,
    globals: Object.keys(world).filter((name) => !["app", "KeyframeInterpolationType"].includes(name)),
    comps: made.comps.map(({ name, width, height, pixelAspect, duration, frameRate, all }) => ({
        name, width, height, pixelAspect, duration, frameRate,
        layers: all.map((layer) => ({
            name: layer.name, label: layer.label,
            position: keys(layer.transform["ADBE Position"]),
            opacity: keys(layer.transform["ADBE Opacity"]),
        })),
    })),
}));
