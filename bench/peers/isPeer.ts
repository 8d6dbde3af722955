import { BIGINT, TYPED_ARRAYS } from "../cases/names.js";
import { LINUX } from "./linux/linuxPeer.js";

export const isLinux = (name: string): boolean => name.startsWith(LINUX);

/** Whether a case is somebody else's code, whose speed is no merit of ours. */
export const isPeer = (name: string): boolean => name === TYPED_ARRAYS || name === BIGINT || isLinux(name);
